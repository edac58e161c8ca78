/* adze: reverse-mode automatic differentiation for C, a tape you can embed. */
#ifndef ADZE_H
#define ADZE_H

#include "adze/status.h"    /* status codes and messages */
#include "adze/array.h"     /* types, shapes, views, arrays */
#include "adze/pool.h"      /* threads inside kernels */
#include "adze/tape.h"      /* recording, sweeps, tracing */
#include "adze/op.h"        /* operations as data: write your own */
#include "adze/ops.h"       /* the operations */
#include "adze/operators.h" /* gradient, pullback, jvp, hvp */
#include "adze/check.h"     /* checks of derivatives */
#include "adze/random.h"    /* streams of random numbers, initial weights */
#include "adze/model.h"     /* structs of parameters, optimisers */
#include "adze/model_derivatives.h" /* their Jacobians and Hessians */
#include "adze/io.h"        /* files of numbers */
#include "adze/datasets.h"  /* images with labels */

#endif
