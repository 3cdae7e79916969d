"""Reviewing a result folder: its session, its controller, and what runs in worker threads."""
