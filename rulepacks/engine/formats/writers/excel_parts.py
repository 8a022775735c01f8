"""The parts of a workbook beside its rows (ECMA-376 part 1: packaging, workbook, styles)."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import quoteattr

from rulepacks.engine.expressions.types import Type

SHEET = "xl/worksheets/sheet1.xml"
SHEET_END = b"</sheetData></worksheet>"
MAX_SHEET_NAME = 31
DATE, QUOTED, PLAIN = 1, 2, 2
"""Cell styles: a date, a text that must not be run as a formula; the styles after `PLAIN` are those of the columns."""

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_FORMAT_NUMBER = 164  # the first that is not built in


def head() -> bytes:
    """The beginning of the sheet, up to its rows."""
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode()


def parts(title: str, kinds: Sequence[Type]) -> Mapping[str, str]:
    """The other parts by name; the sheet is called by as much of the title as a name may have."""
    return {
        "[Content_Types].xml": _XML + f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/{SHEET}" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>',
        "_rels/.rels": _relations(("officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": _XML + f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        f'<sheet name={quoteattr(title[:MAX_SHEET_NAME])} sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": _relations(("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")),
        "xl/styles.xml": _styles(kinds),
    }


def _relations(*targets: tuple[str, str]) -> str:
    listed = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'


def _styles(kinds: Sequence[Type]) -> str:
    """Dates as year-month-day, quoted texts, and for each column as many decimals as its type has."""
    codes = ["yyyy\\-mm\\-dd", *(f"0.{'0' * kind.scale}" if kind.scale > 0 else "General" for kind in kinds)]
    formats = "".join(
        f'<numFmt numFmtId="{number}" formatCode="{code}"/>' for number, code in enumerate(codes, start=_FORMAT_NUMBER)
    )
    plain = '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"'
    styles = [f"{plain}/>", _formatted(plain, 0), f'{plain} quotePrefix="1"/>']
    styles += [_formatted(plain, at) for at in range(1, len(codes))]
    return (
        f'{_XML}<styleSheet xmlns="{_MAIN}"><numFmts count="{len(codes)}">{formats}</numFmts>'
        '<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts>'
        '<fills count="2"><fill><patternFill patternType="none"/></fill>'
        '<fill><patternFill patternType="gray125"/></fill></fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(styles)}">{"".join(styles)}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _formatted(plain: str, at: int) -> str:
    return plain.replace('numFmtId="0"', f'numFmtId="{_FORMAT_NUMBER + at}"') + ' applyNumberFormat="1"/>'
