"""What runs can be told and asked, as forms: for one run, and for many.

schema     the part of JSON Schema that is drawn and checked
nodes      a schema -> the fields of a form, and what was typed -> a value
offers     the workflow's own metadata, and its memo `perdure.actions`
options    of activities: told, and changed in a form that shows first what would change
attributes what is started by hand: its search attributes, each with a field of its type
retrying   and its retry policy
copies     and its arguments, some of them another's
asking     one request of a person, as far as it came
"""
