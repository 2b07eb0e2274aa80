"""The windows as widgets: cards, charts, lines and colours, loaded when the first one opens."""
