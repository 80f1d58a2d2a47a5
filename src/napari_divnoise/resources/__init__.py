"""Our own drawings: one colour each, written as ``currentColor``."""

__all__: list[str] = []
