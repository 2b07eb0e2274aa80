"""Everything about the person's session with the gateway; no editor, no window.

Importing this package costs nothing: it holds the version and no import.
"""

__version__ = "0.1.0"
