"""What vendors' own samples tell, one module per vendor: where they are delivered, and whom they tell of.

Each module offers SOURCES (file name of a source to its text), deliver(real_data, exports), and
expected_rows(real_data).
"""
