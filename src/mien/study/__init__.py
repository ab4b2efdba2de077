"""Studies: grids of trainings from a TOML file, one table and figures out."""

from mien.study.arm import Arm, DataPlan
from mien.study.exporting import export_arm
from mien.study.plan import SCALES, Study, check_study, load_study, parse_study, study_names
from mien.study.render.page import write_report, write_tables
from mien.study.result import ArmResult, SetScores
from mien.study.run import report_study, results_of, run_study
from mien.study.samples import source
from mien.study.summary import axes, scored_sets

__all__ = [
    "SCALES",
    "Arm",
    "ArmResult",
    "DataPlan",
    "SetScores",
    "Study",
    "axes",
    "check_study",
    "export_arm",
    "load_study",
    "parse_study",
    "report_study",
    "results_of",
    "run_study",
    "scored_sets",
    "source",
    "study_names",
    "write_report",
    "write_tables",
]
