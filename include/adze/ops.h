/* The operations, a header a family.
 *
 * Arguments stand in one order: operands, then the axis or axes, then other attributes, then memory
 * of the caller's that results are written to. A list of operands is a length and a pointer: n, x.
 *
 * Float operands have one type, f32 or f64, and the result has it too. Mixing types is an error;
 * ad_cast converts. Shapes broadcast as in NumPy unless said otherwise: trailing axes are aligned,
 * and their extents must be equal or 1. A negative axis counts from the end. Every operation may
 * fail as tape.h says. docs/ops.md adds derivatives, number types and accuracy. */
#ifndef ADZE_OPS_H
#define ADZE_OPS_H

#include "adze/ops/elementwise.h"
#include "adze/ops/reduce.h"
#include "adze/ops/shape.h"
#include "adze/ops/index.h"
#include "adze/ops/product.h"
#include "adze/ops/linalg.h"
#include "adze/ops/spatial.h"
#include "adze/ops/loss.h"
#include "adze/ops/neural.h"
#include "adze/ops/random.h"
#include "adze/ops/cotangents.h"

#include "adze/ops/calls.h" /* source lines in C, plain numbers as operands */

#endif
