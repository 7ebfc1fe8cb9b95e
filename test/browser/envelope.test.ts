import { envelopeSuite } from '../suites/envelope'

envelopeSuite()
