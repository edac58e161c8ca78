/* Operations by the names that recorders and tapes have for them. */
#ifndef ADZE_PROGRAM_NAMED_H
#define ADZE_PROGRAM_NAMED_H

#include "program/build.h"

#define AD_CODE_UNKNOWN UINT32_MAX

/* A number for the name: look it up once. AD_CODE_UNKNOWN: programs have no such operation. */
uint32_t ad_code_named(const char *name);

/* How many operands it has. */
uint32_t ad_code_arity(uint32_t code);

/* Its value, in operations of programs. */
uint32_t ad_build_coded(ad_builder *b, uint32_t code, uint32_t x, uint32_t y, uint32_t z);

/* NULL: the usual. False with AD_MISUSE. */
bool ad_program_options_read(const ad_program_options *given, ad_program_options *options,
                             ad_error *error);

#endif
