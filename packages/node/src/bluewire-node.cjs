#!/usr/bin/env node
'use strict'
/** `bluewire-node …`, wherever npm linked it: the node's commands on the right Node.js. */
const path = require('node:path')

process.argv.splice(2, 0, path.join(__dirname, 'main.ts'))
require('../../../scripts/launch.cjs')
