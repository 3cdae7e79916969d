"""Small files with many wells inside, written for the tests.

CZI by Zeiss's own library, OME-TIFF by tifffile, OME-Zarr by zarr. Nobody offers a writer of ND2 and LIF: these are
written here, chunk by chunk, after what the readers' sources say of the formats.
"""

from __future__ import annotations

import json
import struct
import uuid

import numpy as np

_BLOCK = 4096


def pictures(count, shape=(48, 64, 3), dtype=np.uint8):
    """Return pictures that differ in every pixel value."""
    rng = np.random.default_rng(5)
    return [rng.integers(1, 250, shape).astype(dtype) for _ in range(count)]


def write_czi(path, wells, planes, um=0.76):
    """Write one scene per well, named as ZEN's carrier templates name them; colours, 8 bit."""
    from pylibCZIrw import czi

    with czi.create_czi(str(path)) as document:
        for number, plane in enumerate(planes):
            document.write(plane[:, :, ::-1], plane={"C": 0}, scene=number, location=(500 * number, 0))
        document.write_metadata("plate", scale_x=um * 1e-6, scale_y=um * 1e-6)
    scenes = "".join(
        f'<Scene Index="{n}" Name="P{n + 1}"><ArrayName>{well}</ArrayName><Shape Name="{well}"/></Scene>'
        for n, well in enumerate(wells)
    )
    with czi.edit_czi(str(path)) as editor, editor.edit_session() as builder:
        xml = builder.get_xml()
        builder.set_xml(xml.replace("</Dimensions>", f"<S><Scenes>{scenes}</Scenes></S></Dimensions>"))
    return path


def write_nd2(path, points, planes, um=0.65, *, dyes=True):
    """Write one stage position per name; planes are (channels, height, width) of 16 bit."""
    channels, height, width = planes[0].shape
    attributes = {
        "uiWidth": width, "uiWidthBytes": 2 * width * channels, "uiHeight": height, "uiComp": channels,
        "uiBpcInMemory": 16, "uiBpcSignificant": 12, "uiSequenceCount": len(planes), "uiTileWidth": width,
        "uiTileHeight": height, "eCompression": 2, "dCompressionParam": 0.0, "ePixelType": 1,
        "uiVirtualComponents": channels,
    }  # fmt: skip
    positions = [{"dPosX": 1000.0 * n, "dPosY": 0.0, "dPosName": name} for n, name in enumerate(points)]
    experiment = {
        "eType": 2, "wsApplicationDesc": "ND Acquisition", "uiRepeatCount": 1, "uiNextLevelCount": 0,
        "uLoopPars": {"uiCount": len(points), "bUseZ": False, "bRelativeXY": False, "Points": positions},
    }  # fmt: skip
    point = {"pPoint": {"Point0": {"eType": 4, "dWavelength": 500.0, "dTValue": 1.0}}, "uiCount": 1}
    probe = {"pFluorescentProbe": {"m_EmissionSpectrum": point, "m_ExcitationSpectrum": point}} if dyes else {}
    names = {
        f"a{n}": {"uiCompCount": 1, "sDescription": f"channel {n}", "uiSampleIndex": n, **probe}
        for n in range(channels)
    }
    picture = {
        "bCalibrated": True, "dCalibration": um, "dAspect": 1.0,
        "sPicturePlanes": {"uiCount": channels, "uiCompCount": channels, "sPlaneNew": names},
    }  # fmt: skip
    chunks = {
        "ImageAttributesLV!": _clx({"SLxImageAttributes": attributes}),
        "ImageMetadataLV!": _clx({"SLxExperiment": experiment}),
        "ImageMetadataSeqLV|0!": _clx({"SLxPictureMetadata": picture}),
    }
    for n, plane in enumerate(planes):
        chunks[f"ImageDataSeq|{n}!"] = struct.pack("<d", n) + np.moveaxis(plane, 0, 2).astype("<u2").tobytes()
    path.write_bytes(_with_map(chunks))
    return path


def _with_map(chunks):
    """Lay chunks one behind the other, with the map of their places at the end."""
    data = bytearray(_chunk(b"ND2 FILE SIGNATURE CHUNK NAME01!", b"Ver3.0".ljust(64, b"\0"), aligned=False))
    data += bytes(_BLOCK - len(data))
    places = b""
    for name, content in chunks.items():
        places += name.encode() + struct.pack("<QQ", len(data), len(content))
        data += _chunk(name.encode(), content, aligned=True)
    start = len(data)
    signature = b"ND2 CHUNK MAP SIGNATURE 0000001!"
    data += _chunk(b"ND2 FILEMAP SIGNATURE NAME 0001!", places + signature + struct.pack("<Q", start), aligned=False)
    return bytes(data + signature + struct.pack("<Q", start))


def _chunk(name, content, *, aligned):
    """Return a chunk of an ND2 file; pixels of an aligned one, behind 8 bytes of time, start at 4096."""
    reserve = _BLOCK - 24 if aligned else len(name)
    return struct.pack("<IIQ", 0x0ABECEDA, reserve, len(content)) + name.ljust(reserve, b"\0") + content


def _clx(values):
    """Encode a tree in Nikon's binary form."""
    return b"".join(_clx_item(name, value) for name, value in values.items())


def _clx_item(name, value):
    kinds = {bool: (1, "<B"), int: (3, "<I"), float: (6, "<d")}
    label = (name + "\0").encode("utf-16-le") if name else b"\0\0"
    if type(value) in kinds:
        kind, form = kinds[type(value)]
        return bytes([kind, len(label) // 2]) + label + struct.pack(form, value)
    if isinstance(value, str):
        return bytes([8, len(label) // 2]) + label + (value + "\0").encode("utf-16-le")
    children = [("", each) for each in value] if isinstance(value, list) else list(value.items())
    inner = b"".join(_clx_item(*child) for child in children)
    head = bytes([11, len(label) // 2]) + label
    length = len(head) + 12 + len(inner)
    return head + struct.pack("<IQ", len(children), length) + inner + bytes(8 * len(children))


def write_lif(path, tree, um=1.3):
    """Write a tree of Leica images: {name: {name: … plane}}; a plane is (height, width, 3) of 8 bit."""
    blocks = []
    xml = (
        '<LMSDataContainerHeader Version="2"><Element Name="plate.lif" Visibility="1"><Data>'
        f'<Experiment Path=""/></Data><Memory Size="0" MemoryBlockID="MemBlock_0"/><Children>{_lif(tree, um, blocks)}'
        "</Children></Element></LMSDataContainerHeader>"
    )
    text = xml.encode("utf-16-le")
    data = struct.pack("<IIBI", 0x70, len(text) + 5, 0x2A, len(text) // 2) + text
    for number, pixels in enumerate([b"", *blocks]):
        name = f"MemBlock_{number}".encode("utf-16-le")
        data += struct.pack("<IIBQBI", 0x70, len(name) + 14, 0x2A, len(pixels), 0x2A, len(name) // 2) + name + pixels
    path.write_bytes(data)
    return path


def _lif(tree, um, blocks):
    parts = []
    for name, value in tree.items():
        if isinstance(value, dict):
            parts.append(
                f'<Element Name="{name}" Visibility="1"><Data><Collection/></Data><Memory Size="0" MemoryBlockID=""/>'
                f"<Children>{_lif(value, um, blocks)}</Children></Element>"
            )
            continue
        height, width, samples = value.shape
        blocks.append(value.tobytes())
        channels = "".join(
            f'<ChannelDescription DataType="0" ChannelTag="{n + 1}" Resolution="8" NameOfMeasuredQuantity="" Min="0" '
            f'Max="255" Unit="" LUTName="{lut}" IsLUTInverted="0" BytesInc="{n}" BitInc="0"/>'
            for n, lut in enumerate(("Red", "Green", "Blue")[:samples])
        )
        dimensions = "".join(
            f'<DimensionDescription DimID="{number}" NumberOfElements="{n}" Origin="0" '
            f'Length="{(n - 1) * um * 1e-6:.9e}" Unit="m" BitInc="0" BytesInc="{step}"/>'
            for number, n, step in ((1, width, samples), (2, height, samples * width))
        )
        parts.append(
            f'<Element Name="{name}" Visibility="1" UniqueID="{uuid.uuid5(uuid.NAMESPACE_OID, name)}"><Data><Image>'
            f"<ImageDescription><Channels>{channels}</Channels><Dimensions>{dimensions}</Dimensions></ImageDescription>"
            f'</Image></Data><Memory Size="{value.nbytes}" MemoryBlockID="MemBlock_{len(blocks)}"/></Element>'
        )
    return "".join(parts)


def ome_xml(images, wells, *, own_file="", metadata="", um=0.9):
    """Return OME-XML of a plate: ``images`` are (id, (height, width), file), ``wells`` (row, column) to ids."""
    pixels = "".join(
        f'<Image ID="{name}" Name="picture {n}"><Pixels ID="Pixels:{n}" Type="uint8" DimensionOrder="XYCZT" '
        f'SizeX="{w}" SizeY="{h}" SizeC="3" SizeZ="1" SizeT="1" PhysicalSizeX="{um}" PhysicalSizeY="{um}">'
        f'<Channel ID="Channel:{n}:0" SamplesPerPixel="3"/><TiffData IFD="{0 if own_file == "" and file else n}" '
        f'PlaneCount="1">' + (f'<UUID FileName="{file}">urn:uuid:{_uuid(file)}</UUID>' if file else "") + "</TiffData>"
        "</Pixels></Image>"
        for n, (name, (h, w), file) in enumerate(images)
    )
    plate = "".join(
        f'<Well ID="Well:{n}" Row="{row}" Column="{column}">'
        + "".join(
            f'<WellSample ID="WellSample:{n}:{i}" Index="{i}"><ImageRef ID="{name}"/></WellSample>'
            for i, name in enumerate(names)
        )
        + "</Well>"
        for n, ((row, column), names) in enumerate(wells.items())
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'<Plate ID="Plate:0" Name="TRAP 7">{plate}</Plate>{pixels}{metadata}</OME>'
    )


def _uuid(name):
    return uuid.uuid5(uuid.NAMESPACE_OID, name)


def binary_only(companion):
    """Return the OME-XML of a file whose metadata are in a companion file."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'<BinaryOnly MetadataFile="{companion}" UUID="urn:uuid:{_uuid(companion)}"/></OME>'
    )


def write_hcs(path, wells, planes, version="0.5", um=0.8):
    """Write an OME-Zarr plate: ``wells`` are (row letter, column, field); planes are (channels, height, width)."""
    import zarr

    root = zarr.open_group(path, mode="w", zarr_format=3 if version == "0.5" else 2)

    def describe(group, about):
        group.attrs.update({"ome": {"version": version, **about}} if version == "0.5" else about)

    colours = ("FF0000", "00FF00", "0000FF")  # as bioformats2raw writes a colour camera's picture
    rows = sorted({row for row, _, _ in wells})
    columns = sorted({column for _, column, _ in wells})
    plate = {
        "name": "TRAP 7", "rows": [{"name": row} for row in rows], "columns": [{"name": c} for c in columns],
        "wells": [
            {"path": f"{row}/{column}", "rowIndex": rows.index(row), "columnIndex": columns.index(column)}
            for row, column in sorted({(row, column) for row, column, _ in wells})
        ],
        **({"version": version} if version == "0.4" else {}),
    }  # fmt: skip
    describe(root, {"plate": plate})
    for (row, column, field), plane in zip(wells, planes, strict=True):
        well = root.require_group(f"{row}/{column}")
        fields = sorted(f for r, c, f in wells if (r, c) == (row, column))
        describe(well, {"well": {"images": [{"path": f} for f in fields]}})
        image = well.create_group(field)
        image.create_array("0", data=plane)
        image.create_array("1", data=np.ascontiguousarray(plane[:, ::2, ::2]))
        axes = [{"name": "c", "type": "channel"}] + [{"name": a, "type": "space", "unit": "micrometer"} for a in "yx"]
        datasets = [
            {"path": str(n), "coordinateTransformations": [{"type": "scale", "scale": [1.0, um * 2**n, um * 2**n]}]}
            for n in (0, 1)
        ]
        omero = {"channels": [{"label": f"Channel {n}", "color": colours[n]} for n in range(len(plane))]}
        describe(image, {"multiscales": [{"axes": axes, "datasets": datasets, "name": field}], "omero": omero})
    return path


def damage(path, name):
    """Overwrite a JSON file of an OME-Zarr."""
    (path / name).write_text(json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {"ome": {"plate": 1}}}))
