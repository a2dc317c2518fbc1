# Copyright: the hitless.edge authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stands in for the get-pip.py that ansible-test wants from outside PyPI: pip from PyPI alone."""

import ensurepip
import os
import subprocess
import sys

ensurepip.bootstrap()
# ensurepip points it to /dev/null, and with it the CA bundle of /etc/pip.conf is lost.
os.environ.pop("PIP_CONFIG_FILE", None)
subprocess.check_call([sys.executable, "-m", "pip", "install", "-q", "pip==24.2"])
