from django import forms

#: Beyond it a number of the admin service is not exact.
SEQ_MAX = 2**53


class ParkedForm(forms.Form):
    """Which parked row; its run is for the activity log."""

    database = forms.IntegerField(min_value=0, max_value=99_999)
    seq = forms.IntegerField(min_value=1, max_value=SEQ_MAX)
    run_id = forms.CharField(max_length=1_000)
