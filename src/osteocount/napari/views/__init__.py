"""Views: widgets that show and emit signals; no view knows a viewer or another view."""
