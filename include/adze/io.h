/* Files of numbers and of programs. Each format has a header of its own. */
#ifndef ADZE_IO_H
#define ADZE_IO_H

#include "adze/io/csv.h"           /* tables of numbers as text */
#include "adze/io/idx.h"           /* IDX, the format of MNIST */
#include "adze/io/matrix_market.h" /* dense and sparse matrices as text */
#include "adze/io/models.h"        /* files of models */
#include "adze/io/named.h"         /* arrays with names */
#include "adze/io/numpy.h"         /* .npy and .npz */
#include "adze/io/programs.h"      /* programs */
#include "adze/io/safetensors.h"   /* safetensors, the format of models */
#include "adze/io/training.h"      /* training states */
#include "adze/io/writing.h"       /* what all writers have in common */

#endif
