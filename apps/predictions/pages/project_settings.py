"""A project's settings, for its owners."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.dates import DateFormat
from apps.common.errors import ConflictError
from apps.common.numerals import NumberFormat
from apps.common.zones import ZoneField
from apps.predictions.services.project_days import change_project, is_zone_settled


class ProjectForm(forms.Form):
    """Name, time zone, and how numbers and dates are written."""

    name = forms.CharField(label="Name", max_length=200)
    time_zone = ZoneField(label="Time zone")
    number_format = forms.ChoiceField(
        label="Numbers", choices=NumberFormat.choices, help_text="On the pages, in PDFs and in mails."
    )
    date_format = forms.ChoiceField(
        label="Dates",
        choices=DateFormat.choices,
        help_text="On the pages, in PDFs and in mails. Files for programs always write 2026-11-28.",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.OWNER)
def project_settings(request: ProjectRequest) -> HttpResponse:
    """Show and change name, time zone, and formats of numbers and dates."""
    project = request.project
    stored = {name: getattr(project, name) for name in ProjectForm.base_fields}
    form = ProjectForm(request.POST or None, initial=stored)
    if form.is_valid():
        try:
            change_project(project, **form.cleaned_data, by=request.user)
        except ConflictError as error:
            form.add_error("time_zone", error.message)
        else:
            messages.success(request, "The project is changed.")
            return redirect("project_settings", project.slug)
    form.fields["time_zone"].widget.attrs["readonly"] = is_zone_settled(project)
    context = {"form": form, "is_settled": is_zone_settled(project)}
    return render(request, "predictions/project_settings.html", context, status=400 if form.is_bound else 200)
