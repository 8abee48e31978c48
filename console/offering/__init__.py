"""What runs can be told and asked, as forms: for one run, and for many.

schema     the part of JSON Schema that is drawn and checked
nodes      a schema -> the fields of a form, and what was typed -> a value
offers     the workflow's own metadata, and its memo `perdure.actions`
asking     one request of a person, as far as it came
"""
