"""Reviewing a result folder: its session, its controller, and what runs beside the window."""
