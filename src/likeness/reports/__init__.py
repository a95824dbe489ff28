"""What people read: the terminal's tables, the HTML report, the network's picture."""

from likeness.reports.doctor import print_doctor, write_doctor
from likeness.reports.html import write_report
from likeness.reports.network_picture import LayerBox, TowerPicture
from likeness.reports.plots import next_photo_plot
from likeness.reports.terminal import figures_table, next_photo_table, print_protocol, print_report

__all__ = [
    "LayerBox",
    "TowerPicture",
    "figures_table",
    "next_photo_plot",
    "next_photo_table",
    "print_doctor",
    "print_protocol",
    "print_report",
    "write_doctor",
    "write_report",
]
