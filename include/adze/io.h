/* Files of numbers. Each format has a header of its own. */
#ifndef ADZE_IO_H
#define ADZE_IO_H

#include "adze/io/csv.h"           /* tables of numbers as text */
#include "adze/io/idx.h"           /* IDX, the format of MNIST */
#include "adze/io/matrix_market.h" /* dense and sparse matrices as text */
#include "adze/io/writing.h"       /* what all writers have in common */

#endif
