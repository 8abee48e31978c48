from django import forms


class QueuesForm(forms.Form):
    name = forms.CharField(required=False, max_length=1_000, label="Queue name")
    trouble = forms.BooleanField(required=False, label="Only those in trouble")

    @property
    def asked(self) -> tuple[str, bool]:
        """(part of the name, only those in trouble).

        An address that cannot be read asks for all.
        """
        if not self.is_valid():
            return "", False
        return self.cleaned_data["name"], self.cleaned_data["trouble"]
