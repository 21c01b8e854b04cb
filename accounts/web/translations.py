"""Texts of Django and allauth that our own catalogue translates: theirs say *usted* in Spanish, or what we say already.

Nothing imports this: ``make messages`` finds the texts here, and Django prefers our catalogue to those of its apps.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

ALLAUTH = [
    _("Accounts"),
    _("You cannot remove your primary email address."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("You cannot add more than %d email addresses."),
    _("Your primary email address must be verified."),
    _("Please type your current password."),
    _("You must type the same password each time."),
    _("The email address and/or password you specified are not correct."),
    _("You have confirmed %(email)s."),
    _("Forgot your password?"),
    _("Use your password"),
]

PASSWORDS = [
    _("Your password can’t be too similar to your other personal information."),  # noqa: RUF001  # as Django writes it
    _("Your password can’t be a commonly used password."),  # noqa: RUF001  # as above
    _("Your password can’t be entirely numeric."),  # noqa: RUF001  # as above
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
]

FORMS = [
    _("Enter a valid value."),
    _("Enter a valid email address."),
    _("Enter a valid URL."),
    _("Enter a number."),
    _("Enter a whole number."),
    _("Ensure this value is less than or equal to %(limit_value)s."),
    _("Ensure this value is greater than or equal to %(limit_value)s."),
    ngettext_lazy(
        "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
        "limit_value",
    ),
    _("Select a valid choice. %(value)s is not one of the available choices."),
    _("Select a valid choice. That choice is not one of the available choices."),
    _("No file was submitted. Check the encoding type on the form."),
    _("Upload a valid image. The file you uploaded was either not an image or a corrupted image."),
]

ADMIN = [
    _(
        "Please enter the correct %(username)s and password for a staff account. Note that both fields may be"
        " case-sensitive."
    ),
    _("You may edit it again below."),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _(
        "There’s been an error. It’s been reported to the site administrators via email and should be fixed "  # noqa: RUF001  # as above
        "shortly. Thanks for your patience."
    ),
    _("Click here to select the objects across all pages"),
    _("Enter a new password for the user <strong>%(username)s</strong>."),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects, but your"
        " account doesn't have permission to delete the following types of objects:"
    ),
    _(
        'Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the following '
        "related items will be deleted:"
    ),
    _(
        "Deleting the selected %(objects_name)s would result in deleting related objects, but your account "
        "doesn't have permission to delete the following types of objects:"
    ),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? All of the following objects and "
        "their related items will be deleted:"
    ),
    _(
        "You are authenticated as %(username)s, but are not authorized to access this page. Would you like to"
        " login to a different account?"
    ),
    _("Your password was changed."),
    _(
        "Please enter your old password, for security’s sake, and then enter your new password twice so we "  # noqa: RUF001  # as above
        "can verify you typed it in correctly."
    ),
    _("Select all objects on this page for an action"),
    _("Select this object for an action - {}"),
    _("Select %s"),
    _("Select %s to change"),
    _("Select %s to view"),
    _("Your old password was entered incorrectly. Please enter it again."),
    _("Items must be selected in order to perform actions on them. No items have been changed."),
    _(
        "Designates whether this user should be treated as active. Unselect this instead of deleting accounts."
    ),
    ngettext_lazy("Please correct the error below.", "Please correct the errors below."),
]
