"""A project's settings, for its owners."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from apps.accounts.models import Role
from apps.accounts.services.access import ProjectRequest, member_page
from apps.common.errors import ConflictError
from apps.common.zones import ZoneField
from apps.predictions.services.project_days import change_project, is_zone_settled


class ProjectForm(forms.Form):
    """Name and time zone."""

    name = forms.CharField(label="Name", max_length=200)
    time_zone = ZoneField(label="Time zone")


@require_http_methods(["GET", "HEAD", "POST"])
@member_page(Role.OWNER)
def project_settings(request: ProjectRequest) -> HttpResponse:
    """Show and change name and time zone."""
    project = request.project
    form = ProjectForm(request.POST or None, initial={"name": project.name, "time_zone": project.time_zone})
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
