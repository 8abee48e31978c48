from django.contrib.auth.forms import PasswordChangeForm

from console.access.attempts import checked, of_old_password


class PasswordForm(PasswordChangeForm):
    """Whoever sits down at an open console may not try passwords without end."""

    def clean_old_password(self) -> str:
        with checked(of_old_password(self.user.get_username())):
            return super().clean_old_password()
