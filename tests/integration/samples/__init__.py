"""Vendors' own samples, one module per vendor: where they are delivered, and whom they name.

Each module offers SOURCES (file name of a source to its text), deliver(real_data, exports), and
expected_rows(real_data).
"""
