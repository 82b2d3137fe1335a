"""With this file here, pytest puts the folder on the path: its helpers serve the tests in the folders below, too."""
