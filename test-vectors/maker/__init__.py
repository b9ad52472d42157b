# SPDX-License-Identifier: Apache-2.0
"""Makes the test vectors; see ../generate.py."""
