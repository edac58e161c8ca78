/* Figures that tests measure, for scripts/verify to collect: comments in the tests' output. */
#ifndef ADZE_TESTS_FIGURE_H
#define ADZE_TESTS_FIGURE_H

#include "adze/status.h"

/* Prints "# figure ..." on a line of its own. */
void figure(const char *format, ...) AD_PRINTF(1, 2);

#endif
