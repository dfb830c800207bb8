"""Files of other tools as evalkit projects: read, mapped to cases, graders and candidates, and written all at once."""

from evalkit.foreign.importing import Imported, import_files
from evalkit.foreign.names import TOOLS, Tool
from evalkit.foreign.project import Note, Project
from evalkit.foreign.recognise import SUFFIXES, recognised

__all__ = ["SUFFIXES", "TOOLS", "Imported", "Note", "Project", "Tool", "import_files", "recognised"]
