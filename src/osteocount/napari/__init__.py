"""The napari plugin.

Views emit signals and know no viewer; ``layers`` is the only file that touches layers; ``dock`` connects them. The
counting itself is `osteocount.pipeline`, the same code the command calls.
"""
