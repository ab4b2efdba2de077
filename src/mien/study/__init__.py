"""Studies: grids of trainings from a TOML file, one table and figures out."""

from mien.study.arms import uses_votes
from mien.study.checks import check_study
from mien.study.exporting import export_arm
from mien.study.plan import SCALES, Arm, DataPlan, Study, load_study, parse_study, study_names
from mien.study.report import write_report, write_tables
from mien.study.run import results_of, run_study

__all__ = [
    "SCALES",
    "Arm",
    "DataPlan",
    "Study",
    "check_study",
    "export_arm",
    "load_study",
    "parse_study",
    "results_of",
    "run_study",
    "study_names",
    "uses_votes",
    "write_report",
    "write_tables",
]
