#!/bin/sh
# Print the numbered migrations given as arguments as C string literals: embed.sh 001_initial.sql … >schema.c
set -eu
echo '/* Made by embed.sh from the files beside it. */'
echo '#include "store/session.h"'
echo 'const char *const ward_schema_migrations[] = {'
for file in "$@"; do
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^/"/' -e 's/$/\\n"/' "$file"
    echo ','
done
echo '};'
echo "const size_t ward_schema_migration_count = $#;"
