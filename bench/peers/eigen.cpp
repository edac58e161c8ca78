// Small operations in Eigen's AutoDiffScalar: forward mode, which carries the derivatives for all
// three operands of a chain along. It records nothing and cannot do networks: their many
// parameters would each be carried along with every number.
#include "measuring.hpp"

#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

typedef Eigen::AutoDiffScalar<Eigen::Vector3d> Number;

int main(int argc, char **argv)
{
    measuring::Peer peer("eigen", argc, argv);
    volatile double sink;
    for (const auto &c : measuring::chains())
        peer.measure(c.name, c.ops, [&] {
            Number x(0.5, 3, 0), a(1.0, 3, 1), b(1e-6, 3, 2);
            sink = measuring::chain(x, a, b, c.ops).derivatives().sum();
        });
    (void)sink;
    peer.tell();
}
