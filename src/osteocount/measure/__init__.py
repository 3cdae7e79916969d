"""Label images to the cells table and the wells table."""

from osteocount.measure.cells import CELL_COLUMNS, NUCLEUS_COLUMNS, measure_cells, measure_nuclei
from osteocount.measure.wells import WELL_COLUMNS, summarise

__all__ = ["CELL_COLUMNS", "NUCLEUS_COLUMNS", "WELL_COLUMNS", "measure_cells", "measure_nuclei", "summarise"]
