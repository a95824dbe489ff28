"""What people read: the terminal's tables, the HTML report, the network's picture."""

from likeness.reports.doctor import print_doctor, write_doctor
from likeness.reports.html import write_report
from likeness.reports.network_picture import LayerBox, TowerPicture, draw_network, network_svg
from likeness.reports.terminal import figures_table, print_protocol, print_report

__all__ = [
    "LayerBox",
    "TowerPicture",
    "draw_network",
    "figures_table",
    "network_svg",
    "print_doctor",
    "print_protocol",
    "print_report",
    "write_doctor",
    "write_report",
]
