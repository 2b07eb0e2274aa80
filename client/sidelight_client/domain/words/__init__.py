"""Every sentence a person can be told, by its code."""
