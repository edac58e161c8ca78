/* Single numbers of a gradient. */
#ifndef ADZE_CHECK_NUMBER_H
#define ADZE_CHECK_NUMBER_H

#include "check/judge.h"

/* Sets c->least from the largest number of the gradient. */
void ad_checking_measure(ad_checking *c);

/* Of the i-th number of a, which is an array of c->at. One that is small among the others of its
 * array is moved no less than they. */
void ad_checking_judge_number(ad_checking *c, const char *path, ad_array *a, size_t i);

#endif
