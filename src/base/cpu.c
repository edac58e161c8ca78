/* Which instruction sets this machine has. */
#include "base/cpu.h"

#include <float.h>
#include <stdbool.h>

/* Kernels rely on each operation being rounded to its own type. The x87 rounds to 64 bits first. */
#if FLT_EVAL_METHOD < 0 || FLT_EVAL_METHOD == 1 || FLT_EVAL_METHOD == 2
#error "adze must be compiled for arithmetic that keeps to its type: -msse2 -mfpmath=sse"
#endif

#if defined(__x86_64__)

ad_isa ad_cpu_isa(void)
{
    __builtin_cpu_init();
    bool fused = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    return !fused ? AD_ISA_base : wide ? AD_ISA_avx512 : AD_ISA_avx2;
}

#else

ad_isa ad_cpu_isa(void)
{
    return AD_ISA_base;
}

#endif
