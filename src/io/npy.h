/* .npy from a source and into pieces of bytes, for the two formats of NumPy. */
#ifndef ADZE_IO_NPY_H
#define ADZE_IO_NPY_H

#include "io/source.h"

/* Reads all of a source. `as` NULL: as the types that adze has. */
ad_status ad_npy_load(ad_source *s, const ad_type *as, ad_array *a);

#endif
