#include "cli/cli.h"

int main(int argc, char **argv)
{
    return ward_cli_main(argc, argv, WARD_VERSION);
}
