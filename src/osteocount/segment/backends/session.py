"""Networks in ONNX files, run by onnxruntime on the device that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from osteocount.errors import OsteoCountError

if TYPE_CHECKING:
    import onnxruntime

Device = Literal["auto", "cpu", "cuda"]
_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"


def open_session(content: bytes, device: Device, threads: int = 1) -> onnxruntime.InferenceSession:
    """Make a network ready to run.

    It is read from its bytes, so that no file beside it is opened, and the same input gives the same output each time.

    Raises
    ------
    OsteoCountError
        onnxruntime is not installed, or CUDA was asked for and is not there.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise OsteoCountError(
            "This segmenter needs onnxruntime, which is not installed: `pip install onnxruntime`, "
            "or choose the classical segmenter."
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 4  # what goes wrong is raised, and said in our words
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to others
    options.enable_mem_pattern = False  # it helps where all inputs have one size; ours take memory anew each time
    wanted = providers(device, onnxruntime.get_available_providers())
    session = onnxruntime.InferenceSession(content, options, providers=wanted)
    if device == "cuda" and _CUDA not in session.get_providers():  # it is built in, but finds no card or no driver
        raise OsteoCountError(
            "device = cuda: onnxruntime could not start CUDA; check the graphics driver, or use --device cpu."
        )
    return session


def providers(device: Device, have: list[str]) -> list[str]:
    """Return what onnxruntime is asked to run on, the best first.

    Raises
    ------
    OsteoCountError
        CUDA was asked for and this onnxruntime has none.
    """
    if device == "cuda" and _CUDA not in have:
        raise OsteoCountError(
            "device = cuda, but this onnxruntime runs on the processor only: install onnxruntime-gpu in its place, or "
            "use --device cpu."
        )
    return [_CPU] if device == "cpu" or _CUDA not in have else [_CUDA, _CPU]


def cannot_import(library: str, needs: tuple[str, ...], error: ImportError) -> OsteoCountError:
    """Return the sentence for a library that is not installed, or that is and does not start.

    Parameters
    ----------
    library
        Its name, which is also that of its extra.
    needs
        What its extra brings.
    error
        What was raised on importing it.
    """
    cure = f'`pip install "osteocount[{library}]"`'
    if (error.name or "").split(".")[0] in needs:
        return OsteoCountError(f"{library} is not installed: {cure} adds it.")
    return OsteoCountError(f"{library} is installed but does not start ({error}); {cure} brings what it needs.")
