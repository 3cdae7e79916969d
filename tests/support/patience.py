"""How long a test waits for what another thread or process does: until long after it is lost, not until it is late.

A machine that is busy with other things is no reason to fail; a test that hangs is ended by pytest (`pyproject.toml`).
"""

PATIENCE_S = 600
PATIENCE_MS = 1000 * PATIENCE_S
