/* adze: reverse-mode automatic differentiation for C, a tape you can embed. */
#ifndef ADZE_H
#define ADZE_H

#include "adze/version.h"           /* the version of headers and library */
#include "adze/status.h"            /* status codes and messages */
#include "adze/array.h"             /* types, shapes, views, arrays */
#include "adze/pool.h"              /* threads inside kernels */
#include "adze/number.h"            /* numbers one by one */
#include "adze/tape.h"              /* recording, sweeps, tracing */
#include "adze/profile.h"           /* where the time goes */
#include "adze/op.h"                /* operations as data: write your own */
#include "adze/kernels.h"           /* parts of their kernels: threads, products, loops */
#include "adze/ops.h"               /* the operations */
#include "adze/random.h"            /* streams of random numbers, initial weights */
#include "adze/tree.h"              /* descriptions of structs of parameters */
#include "adze/optimiser.h"         /* steps of training; writing an optimiser */
#include "adze/optimisers.h"        /* the optimisers */
#include "adze/schedules.h"         /* rates that go on from step to step */
#include "adze/model.h"             /* structs of parameters */
#include "adze/lbfgs.h"             /* minimising functions of models */
#include "adze/derivatives.h"       /* gradient, pullback, jvp, hvp, Jacobian, Hessian */
#include "adze/model_derivatives.h" /* the same for functions of models */
#include "adze/functions.h"         /* functions inside functions, checkpoints */
#include "adze/program.h"           /* functions of numbers, recorded once */
#include "adze/check.h"             /* checks of derivatives */
#include "adze/io.h"                /* files of numbers */
#include "adze/dlpack.h"            /* arrays from and to NumPy, PyTorch and others, in memory */
#include "adze/datasets.h"          /* images with labels */

#endif
