"""OsteoCount: osteoclasts and their nuclei in TRAP-stained cultures, and what a treatment did to them."""

from importlib.metadata import version

__version__ = version("osteocount")
__all__ = ["__version__"]
