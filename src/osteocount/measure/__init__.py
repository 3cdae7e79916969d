"""Label images to the cells table and the wells table."""

from osteocount.measure.cells import GEOMETRY_COLUMNS, geometry, measure_cells, measure_nuclei
from osteocount.measure.counting_frame import CountingFrame, choose_frame
from osteocount.measure.shape import Shape, measure_shapes
from osteocount.measure.wells import summarise

__all__ = [
    "GEOMETRY_COLUMNS", "CountingFrame", "Shape", "choose_frame", "geometry", "measure_cells", "measure_nuclei",
    "measure_shapes", "summarise",
]  # fmt: skip
