"""What is drawn and shown in the desktop's panel: the icon, its badges, its menu and its notices."""
