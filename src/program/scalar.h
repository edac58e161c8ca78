/* Code for runs at one point. */
#ifndef ADZE_PROGRAM_SCALAR_H
#define ADZE_PROGRAM_SCALAR_H

#include "program/program.h"

/* NULL if memory ran out. */
ad_scalar_code *ad_scalar_lower(const ad_program *p);
void ad_scalar_free(ad_scalar_code *code); /* NULL does nothing */

size_t ad_scalar_work(const ad_scalar_code *code);         /* numbers of a workspace */
size_t ad_scalar_instructions(const ad_scalar_code *code); /* of a run */
size_t ad_scalar_bytes(const ad_scalar_code *code);        /* of memory */

/* Runs the code in a workspace. Returns the guard that has another outcome than recorded, or AD_NO_GUARD: then
 * y is written. y may overlap x. */
#define AD_NO_GUARD UINT32_MAX
uint32_t ad_scalar_run(const ad_scalar_code *code, const double *x, double *y, double *work);

#endif
