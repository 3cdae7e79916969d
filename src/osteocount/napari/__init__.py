"""The napari plugin.

``views`` show and emit signals and know no viewer; ``layers`` are the only ones that touch it; ``review`` connects both
for steps 3 and 4, and ``dock`` for steps 1 and 2. The counting itself is `osteocount.pipeline`, the same code the
command calls.
"""
