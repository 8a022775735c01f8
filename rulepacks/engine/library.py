"""Where packs are: a folder, or a shipped pack by its name."""

from pathlib import Path

from rulepacks.engine.loader import PACK_FILE
from rulepacks.engine.loading.document import Document, read_document
from rulepacks.engine.problems import PackError, Problem, ProblemList

LIBRARY = Path(__file__).parent.parent / "library"


def shipped_packs() -> dict[str, Path]:
    """Folders of the shipped packs by name."""
    found = {}
    for path in sorted(LIBRARY.glob(f"*/*/{PACK_FILE}")):
        document: Document = read_document(path, PACK_FILE, ProblemList())
        if isinstance(document.data, dict):
            found[str(document.data.get("pack"))] = path.parent
    return found


def find_pack(text: str) -> Path:
    """The folder of a pack given as a folder or as the name of a shipped pack. Raises PackError."""
    folder = Path(text)
    if folder.is_dir():
        return folder
    shipped = shipped_packs()
    if text in shipped:
        return shipped[text]
    known = ", ".join(shipped) or "none"
    raise PackError([Problem(text, 0, 0, "", f"no such folder and no shipped pack; shipped: {known}")])
