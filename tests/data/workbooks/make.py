"""Makes the workbooks of this folder: python3 make.py (openpyxl 3.1, xlwt 1.3, odfpy 1.4). All data is made up.

`password.xlsx` was made of `several.xlsx`: msoffcrypto-tool -e -p secret several.xlsx password.xlsx. `binary.xlsb` is
written here record by record, since no free program writes that kind.
"""
import datetime as dt, io, os, struct, sys, zipfile
import openpyxl, xlwt
from openpyxl.styles import Font
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableRow, TableCell, TableColumn, CoveredTableCell
from odf.text import P

HERE = os.path.dirname(os.path.abspath(__file__))
def path(name): return os.path.join(HERE, name)
HEADER = ["Ticket", "Email", "Wish", "Received", "Amount", "Zip"]
D = dt.datetime(2026, 3, 1)
T = dt.datetime(2026, 3, 1, 14, 30)
ROWS = [
    [1001, "ann@example.com", "view", D, 12.5, 42],
    [1002, "bob@example.com", "delete", T, 0.1 + 0.2, 1234],
    ["0003", "cho@example.org", "change", D, 1200, 99999],
]

def requests_xlsx():
    book = openpyxl.Workbook()
    notes = book.active; notes.title = "Notes"
    notes["A1"] = "Kept by the privacy team"
    sheet = book.create_sheet("Requests")
    sheet["B2"] = "Privacy requests 2026"; sheet.merge_cells("B2:E2")
    for column, name in enumerate(HEADER): sheet.cell(4, column + 2, name)
    for index, row in enumerate(ROWS):
        for column, value in enumerate(row):
            cell = sheet.cell(5 + index, column + 2, value)
            if column == 3: cell.number_format = "dd/mm/yyyy hh:mm" if value == T else "dd/mm/yyyy"
            if column == 5: cell.number_format = "00000"
    sheet.row_dimensions[6].hidden = True
    sheet.column_dimensions["F"].hidden = True
    hidden = book.create_sheet("Old"); hidden.sheet_state = "hidden"
    hidden.append(["Ticket", "Email", "Wish"]); hidden.append(["O-1", "old@example.com", "view"])
    book.save(path("requests.xlsx"))

def faults_xlsx():
    book = openpyxl.Workbook(); sheet = book.active; sheet.title = "Faults"
    sheet.append(["Ticket", "Email", "Wish", "Comment"])
    for row in [
        ["T-1", "ann@example.com", "view", "fine"],
        ["T-2", "=1/0", "view", "formula without a stored value"],
        ["T-3", "cho@example.com", "#N/A", "an error"],
        [1234567890123456789, "dan@example.com", "view", "lost digits"],
        ["T-5", "eve@example.com", "view", "merged below"],
        ["T-6", None, "view", "merged"],
        ["T-7", "fay@example.com", "view", "#N/A"],
        ["T-8", "gus@example.com", "view", None, None, None, "astray"],
        ["T-9", "hal@example.com", "view", "  kept  "],
    ]: sheet.append(row)
    sheet["C4"].data_type = "e"; sheet["D8"].data_type = "e"
    sheet.merge_cells("B6:B7")
    book.save(path("faults.xlsx"))

def several_xlsx():
    book = openpyxl.Workbook(); book.remove(book.active)
    for name in ["January", "February"]:
        sheet = book.create_sheet(name)
        sheet.append(["Ticket", "Email", "Wish"])
        sheet.append([name[0] + "-1", f"{name.lower()}@example.com", "view"])
    book.save(path("several.xlsx"))

def of_1904_xlsx():
    book = openpyxl.Workbook(); book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.active
    sheet.append(["Ticket", "Email", "Wish", "Received"])
    sheet.append(["T-1", "ann@example.com", "view", D])
    book.save(path("of_1904.xlsx"))

def requests_xls():
    book = xlwt.Workbook(); sheet = book.add_sheet("Requests")
    date = xlwt.easyxf(num_format_str="DD/MM/YYYY"); time = xlwt.easyxf(num_format_str="DD/MM/YYYY HH:MM")
    for column, name in enumerate(HEADER): sheet.write(0, column, name)
    for index, row in enumerate(ROWS):
        for column, value in enumerate(row):
            style = (time if value == T else date) if column == 3 else xlwt.Style.default_style
            sheet.write(1 + index, column, value, style)
    book.save(path("requests.xls"))

def requests_ods():
    doc = OpenDocumentSpreadsheet(); table = Table(name="Requests"); doc.spreadsheet.addElement(table)
    def cell(value):
        if value is None: return TableCell()
        if isinstance(value, dt.datetime):
            c = TableCell(valuetype="date", datevalue=value.strftime("%Y-%m-%dT%H:%M:%S")); text = value.strftime("%d/%m/%Y")
        elif isinstance(value, (int, float)):
            c = TableCell(valuetype="float", value=value); text = str(value)
        else:
            c = TableCell(valuetype="string"); text = value
        c.addElement(P(text=text)); return c
    table.addElement(TableColumn(numbercolumnsrepeated=3)); table.addElement(TableColumn(visibility="collapse"))
    for index, values in enumerate([HEADER] + ROWS):
        row = TableRow(visibility="filter") if index == 2 else TableRow()
        for value in values: row.addElement(cell(value))
        row.addElement(TableCell(numbercolumnsrepeated=1000))
        table.addElement(row)
    empty = TableRow(numberrowsrepeated=1048570); empty.addElement(TableCell(numbercolumnsrepeated=1024)); table.addElement(empty)
    doc.save(path("requests.ods"))

def binary_xlsb():
    def record(kind, data=b""):
        out = bytes([kind]) if kind < 0x80 else bytes([kind & 0x7f | 0x80, kind >> 7])
        size = len(data)
        while True:
            out += bytes([size & 0x7f | (0x80 if size > 0x7f else 0)]); size >>= 7
            if not size: return out + data
    text = lambda s: struct.pack("<I", len(s)) + s.encode("utf-16-le")
    place = lambda column, style=0: struct.pack("<II", column, style)
    shared = ["ann@example.com", "bob@example.com"]
    def row(index, cells, hidden=False):
        return record(0, struct.pack("<IIH", index, 0, 300) + bytes([0, 0x10 if hidden else 0]) + b"\0" * 5) + b"".join(cells)
    s = lambda column, value: record(6, place(column) + text(value))
    sheet = record(129) + record(60, struct.pack("<IIIIH", 3, 3, 2000, 0, 1)) + record(145)
    sheet += row(0, [s(c, n) for c, n in enumerate(HEADER[:4])])
    sheet += row(1, [record(2, place(0) + struct.pack("<I", 1001 << 2 | 2)), record(7, place(1) + struct.pack("<I", 0)), s(2, "view"), record(5, place(3, 1) + struct.pack("<d", 46082.0))])
    sheet += row(2, [s(0, "0003"), record(62, place(1) + b"\0" + text("bob@example.com")), record(8, place(2) + text("delete") + b"\0" * 10), record(1, place(3))], True)
    sheet += row(3, [s(0, "T-4"), record(7, place(1) + struct.pack("<I", 1)), record(11, place(2) + b"\x2a" + b"\0" * 6)])
    sheet += record(146) + record(130)
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
    rels = lambda many: ('<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">' + "".join(f'<Relationship Id="rId{i}" Type="{rel}{k}" Target="{t}"/>' for i, (k, t) in enumerate(many, 1)) + "</Relationships>").encode()
    with zipfile.ZipFile(path("binary.xlsb"), "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("[Content_Types].xml", '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="bin" ContentType="application/vnd.ms-excel.sheet.binary.macroEnabled.main"/></Types>')
        z.writestr("_rels/.rels", rels([("officeDocument", "xl/workbook.bin")]))
        z.writestr("xl/_rels/workbook.bin.rels", rels([("worksheet", "worksheets/sheet1.bin"), ("sharedStrings", "sharedStrings.bin"), ("styles", "styles.bin")]))
        z.writestr("xl/workbook.bin", record(131) + record(153, struct.pack("<II", 0, 0) + text("")) + record(156, struct.pack("<II", 0, 1) + text("rId1") + text("Requests")) + record(132))
        z.writestr("xl/sharedStrings.bin", record(159) + b"".join(record(19, b"\0" + text(one)) for one in shared) + record(160))
        z.writestr("xl/styles.bin", record(278) + record(617) + record(47, struct.pack("<HH", 0, 0) + b"\0" * 12) + record(47, struct.pack("<HH", 0, 14) + b"\0" * 12) + record(618) + record(279))
        z.writestr("xl/worksheets/sheet1.bin", sheet)

for make in [requests_xlsx, faults_xlsx, several_xlsx, of_1904_xlsx, requests_xls, requests_ods, binary_xlsb]: make()
